#include "models/routing_words.hpp"

namespace hobd::routing {

const std::array<std::string_view, kWordTraits> kWordLists = {
    // proof
    "prove proves proving proof proofs derive derivation theorem lemma corollary induction irrational contradiction show_that infinitely_many "
    "disprove counterexample bijection axiom axioms rigorous rigorously formally qed beweis* induktion demontre* démontre* demuestra* herleit* zeige_dass",
    // maths
    "integrate integral integrals derivative differentiate eigenvalue* eigenvector* probability probabilities equation equations solve matrix matrices "
    "polynomial calculus logarithm quadratic cubic bayes bayesian bayes'scher statistic* variance regression compound compounded permutation* combinatorics "
    "modulo divisible geometry trigonometr* vector vectors converge* diverge* sequence subsequence limit_of standard_deviation expected_value "
    "how_much_interest odds_of odds wahrscheinlich* gleichung* löse berechne* integral_von ableitung probabilité* équation* ecuación* probabilidad* "
    "twice_as three_times_as times_as_old as_old_as dreimal doppelt_so halb_so fois_plus veces_más fill_the fills_in drains km/h mph average_speed  percent_of_the ratio how_long_does_it_take_both "
    "working_together annual_interest remaining_balance monthly_payment amortization after_inflation "
    "original_price discount_and percent_off off_and_then how_much_paint how_many_tiles how_much_wallpaper how_much_concrete how_much_flooring "
    "how_many_rolls how_many_packs coats per_litre sqm square_metres  m2 area_of volume_of surface_area perimeter real_solutions factorise "
    "factorize roots_of prime_factor* remainder machines_take workers_take take_to_make how_long_would how_long_will_it_take how_many_ways arrangements "
    "combinations dice_sum drawn_at_random sample_of mean_and_median median rate_of_return yield compounding doubling_time interest_on weighted_average "
    "average_of proportion proportional inverse log_of exponent exponential growth_rate half_life_of decay triangle right_triangle hypotenuse circle_with "
    "sphere cone parabola slope tangent asymptote integer_solutions mixture mixed_with solution_of dilute",
    // fault
    "segfault* deadlock* debug debugging exception exceptions traceback stacktrace stack_trace error errors errno crash crashes crashing crashed bug "
    "bugs buggy memory_leak leak leaks leaking race_condition race_conditions undefined nullpointer* null_pointer nullpointerexception typeerror valueerror keyerror "
    "runtimeerror syntaxerror importerror modulenotfound* indexerror attributeerror panic panics hangs hang freezes fails failing failed failure broken_pipe timeout timeouts "
    "times_out timed_out oom killed oomkilled crashloop* wont_start wont_boot doesnt_work not_working stopped_working isnt_working keeps_dropping drops keeps_crashing keeps_failing "
    "keeps_restarting whats_wrong what_is_wrong going_wrong goes_wrong wrong_with root_cause likely_cause what_could_cause what_causes troubleshoot* diagnose unexpected_result "
    "wrong_result corrupt* infinite_loop stuck_in detached_head merge_conflict* nan undefined_behavior undefined_behaviour off_by_one flaky doesnt_compile wont_compile "
    "cannot_read permission_denied connection_refused status_code exit_code cors hydration rerender* re_render* slow_after got_slow so_slow very_slow memory_usage "
    "high_cpu 100_cpu cpu_usage fehler fehlermeldung absturz stürzt* abstürz* funktioniert_nicht geht_nicht läuft_nicht woran_kann woran_liegt erreur* plante "
    "ne_marche_pas no_funciona fallo intermittent* sometimes_works only_sometimes only_happens only_in_production only_on randomly no_idea_why cant_figure tried_everything already_tried "
    "reboots rebooting restarts restarting keeps reset_itself resets trips the_breaker breaker blown fuse leaks_water leaking_water dripping knocking "
    "rattling buzzing humming grinding overheats overheating overheat drains_fast battery_drains wont_turn_on wont_start wont_connect wont_charge wont_open "
    "wont_load wont_install wont_close wont_drain wont_heat wont_stop doesnt_start doesnt_turn doesnt_connect doesnt_load doesnt_respond doesnt_show "
    "unresponsive blue_screen black_screen kernel_panic dmesg journalctl stack_overflow overflow segmentation core_dump assertion unhandled uncaught "
    "rejected unauthorized forbidden 401 403 404_error 500_error 502 503 504 never_ends loop_never infinite cant_reproduce heisenbug regression_in "
    "slows_down slowed lagging laggy stutter* glitch glitches broken_packages unmet conflict conflicts incompatible mismatch out_of_memory disk_full "
    "quota_exceeded ssl_error certificate_error handshake_failed packet_loss dropouts drops_out disconnects disconnecting loses_connection faulty "
    "malfunction* misfire* check_engine engine_light brakes squeak* wont_go_away mould mold damp condensation comes_back keeps_coming find_the_bug "
    "spot_the_bug whats_the_bug error_message this_error stops_after stops_working blank_screen white_screen returns_null returns_none returns_undefined "
    "wrong_output unexpected s'arrête plantage error_en falla "
    "simulator but_not_on works_in_the but_not_in worked_yesterday suddenly circular_reference pending cant_resolve pod_pending speed_up faster_than pandas "
    "is_slow so_slow slow_on runs_slow green_locally red_on_the falls_over cannot_borrow borrow_as lighthouse_score core_web fails_when works_when",
    // program_task
    "implement implements implementing implementation refactor refactoring optimise_this optimize_this optimise_the optimize_the unit_test unit_tests write_tests "
    "write_a_function write_a_script write_a_program write_a_class write_code write_me_a_script write_a_python write_a_bash write_a_query write_a_regex write_sql write_an_sql "
    "write_some_code code_review review_this_code review_my_code review_this_function review_this_pull pull_request time_complexity space_complexity "
    "big_o rewrite_this_function convert_this_code port_this in_rust in_python in_go in_golang in_java in_javascript in_typescript  in_c++ in_haskell in_kotlin "
    "in_swift in_c# in_php in_bash in_powershell in_sql in_react o_1 o_n o_log thread_safe async/await sql_query sql_statement a_regex regex regexp "
    "regular_expression a_parser a_scraper web_scraper scraper a_bot discord_bot telegram_bot rest_api a_cli a_plugin lua_plugin plugin_that dockerfile docker_compose makefile github_action github_actions ci_pipeline "
    "terraform ansible helm home_assistant_automation automation_yaml yaml_for google_sheets_formula excel_formula sheets_formula vba macro cron_expression systemd_unit_file "
    "chrome_extension browser_extension write_an_algorithm an_algorithm algorithm algorithms data_structure leetcode dynamic_programming binary_search linked_list binary_tree "
    "write_a_python a_python_script a_bash_script bash_script_that python_script_that script_that script_to program_that program_to function_that function_to shell_script python_function node_script powershell_script javascript_function sql: programmiere programm_das skript_das skript_schreib* fonction_python script_python "
    "función_en_python script_que make_a_website build_an_app build_a_website build_me html_page css_grid flexbox landing_page "
    "make_it_recursive recursive_version type_hints error_handling add_tests add_error handle_errors edge_cases_in list_comprehension minimax tic_tac_toe "
    "chess_engine sudoku_solver neural_net write_a_game a_game_in debounce merge_two sorted_linked without_extra_space in_place reverse_a_string palindrome "
    "fizzbuzz fibonacci quicksort mergesort sorting_algorithm breadth_first depth_first dijkstra backtracking hash_function code_that code_a some_code_to "
    "snippet one_liner_that_ write_me_some_code write_a_parser write_a_compiler api_client wrapper_for crud backend_for frontend_for schema_for_a_table "
    "stored_procedure pivot_table spreadsheet_that spreadsheet_formula vlookup xlookup sumifs apps_script google_script automation_that automate "
    "automation_to shortcut_that_sends zapier ifttt n8n node_red configure_nginx nginx_config reverse_proxy set_up_a_server setup_a_server set_up_ci "
    "deploy_to "
    "userscript pandas_groupby haskell_function spreadsheet_that a_function_that a_script_that "
    "react_hook sql_inserts export_into a_query query_to a_makefile makefile skip_duplicates cancels endpoint_idempotent an_endpoint write_me_a_query  "
    "parse_the convert_to_json csv_to json_to xml_to excel_to import_into upsert offline_first mobile_app",
    // code_topic
    "python javascript typescript java rust golang kotlin haskell c++ c# php ruby perl bash sql mysql postgres postgresql sqlite mongodb redis kafka docker kubernetes k8s "
    "nginx apache linux git github gitlab react vue angular svelte nextjs django flask rails spring node nodejs npm cargo cmake gcc clang llvm compiler compile "
    "kernel mutex semaphore thread threads threading goroutine* coroutine* async await promise promises callback callbacks closure closures pointer pointers heap "
    "stack recursion recursive function functions method methods class classes object inheritance interface generics template templates lambda variable variables loop "
    "array arrays dict dictionary hashmap hash json yaml xml csv api apis endpoint endpoints http websocket oauth jwt token tokens schema index indexes query queries "
    "join joins transaction transactions migration migrations orm code codebase script scripts program programming software repo repository branch commit rebase merge "
    "unit integration deploy deployment production staging server backend frontend database databases component components props hook hooks useeffect usestate state module modules import "
    "library framework package dependency dependencies debugger breakpoint cron systemd ssh raid nas vlan dns dhcp firewall vpn router iptables arduino esp32 raspberry gpio "
    "mqtt zigbee borrow_checker lifetime ownership iterator garbage_collector allocation cache caching log_file logs stdout stderr selector dom webpack vite lua goroutines "
    "programm skript datenbank* abfrage funktion schleife fonction logiciel base_de_données",
    // plan
    "plan planning plans itinerary roadmap organise organize organising organizing reorganise reorganize rearrange reschedule_everything renovation renovate renovating meal_plan "
    "training_plan study_plan workout_plan learning_plan project_plan lesson_plan lernplan trainingsplan wochenplan reiseplan essensplan* meal_prep schedule_for timetable seating "
    "milestones timeline day_by_day week_by_week week_plan weekly_plan 3_day 4_day 5_day 6_day 7_day 8_day 10_day 12_day 14_day road_trip roadtrip trip_to trip_through "
    "week_trip two_week weeks_in days_in holiday_in vacation honeymoon relocate relocation moving_to move_to_a wedding checklist what_order in_what_order prioritise prioritize juggle fit_everything "
    "work_out_what work_out_how figure_out_how map_out break_down break_it_down step_plan action_plan curriculum syllabus program_for workout_routine fitness_plan diet_plan budget_plan plane planen "
    "organisieren umzug organise_mon planifie* planificar planifica* itinerario itinéraire programme_de emploi_du_temps "
    "rota cleaning_rota chore_chart chores_fairly surprise_party surprise_60th 50th_birthday 60th 70th guests rain_plan four_days three_days_in "
    "four_days_in five_days_in two_days_in weekend_in_ each_day what_would_you_do_each itinerary_for city_trip with_a_toddler move_house moving_house "
    "set_up_a_system zettelkasten system_for structure_for routine_for morning_routine study_schedule revision_plan revise_for exam_in exams_in "
    "prepare_for_an_exam marathon couch_to garden_layout vegetable_garden crop_rotation plant_schedule remodel build_a_shed build_a_deck extension "
    "loft_conversion self_build packing_for_a capsule_wardrobe declutter downsizing emigrate emigrating job_hunt career_change transition_into "
    "roadmap_for_learning learn_spanish_in learn_piano budget_wedding "
    "everyone_sit fit_gym sports_and_my moving_abroad before_moving "
    "what_would_a_sensible first_week growth_plan three_year draw_up set_that_up our_move my_move volunteers",
    // constraint
    "at_most at_least no_more_than no_less_than not_more_than less_than more_than maximum max minimum min budget_of budget_is within_budget a_budget under_budget deadline deadlines "
    "must mustnt cannot cant_be cant_do cant_go without except unless only_if provided_that as_long_as taking_into considering given_that in_mind "
    "constraints constraint conditions requirement requirements limited  celiac vegan  respectively both_of either_or but_not but_also "
    "even_though although however whereas instead_of_just while_keeping while_also so_that such_that in_case of_which each_of subject_to per_person strict strictly höchstens mindestens ohne_dass "
    "obwohl sodass berücksichtig* unter_berücksichtigung maximal budget sans_dépasser au_plus sin_que",
    // law
    "legal legally law laws lawyer attorney solicitor sue suing sued lawsuit court tribunal landlord landlords tenant tenants tenancy evict eviction lease sublet deposit "
    "liability liable negligence contract contracts contractual clause clauses clausule terminate termination notice_period severance dismissal dismissed fired unfair_dismissal "
    "redundancy employer employers copyright trademark patent infringement gdpr privacy_policy terms_of_service nda non_compete noncompete custody divorce prenup alimony probate "
    "inherit inheritance executor testament without_a_will my_rights your_rights our_rights rights power_of_attorney visa immigration residency citizenship warranty refund_rights compensation binding enforceable "
    "unenforceable cease_and_desist small_claims hoa easement boundary zoning permit statute jurisdiction bylaws breach rent_increase rent_control employment_law restraining "
    "complaint_against ombudsman policy_covers insurance_claim rejected_the_claim denied_the_claim claim_denied kündig* kündigungsfrist vermieter* mieter mieterhöhung mietvertrag rechtlich* gesetz* anwalt anwältin widerspruch einspruch klage "
    "vertrag verträge klausel* haftung arbeitgeber* arbeitsrecht urlaubsanspruch erbe erbrecht testaments* pflichtteil bescheid bail locataire propriétaire préavis juridique* légal* avocat contrat "
    "licenciement despedido despid* alquiler contrato abogado derecho derechos herencia arrendador es_legal "
    "sick_leave on_sick_leave be_fired get_fired got_fired fired_while consent without_my_consent custody_of child_support bankrupt bankruptcy insolvent "
    "insolvency hasnt_paid havent_paid not_paying unpaid_rent unpaid_invoice refuses_to_pay refuses_to_return get_my_money_back get_my_deposit money_back "
    "statute_of building_permit planning_permission objection_to planning_objection neighbour_dispute noise_complaint fence_line declare_income am_i_liable "
    "who_is_liable who_pays_for am_i_allowed am_i_entitled entitled_to allowed_to_record overtime unpaid_overtime maternity_leave parental_leave "
    "paternity_leave notice_to_quit resign_before non_disclosure intellectual_property license_agreement licence_agreement terms_and_conditions "
    "data_protection subject_access defamation libel slander harassment discrimination restraining_order police_report speeding_ticket parking_fine "
    "contest_a fine_for airline_lost lost_my_luggage flight_delay eu261 chargeback scammed scam fraud identity_theft consumer_rights return_policy "
    "refuses_refund no_refund guarantor cosign co_sign subletting airbnb_rules squatters reclamar reclamación maleta juicio denuncia widerrufsrecht "
    "schadensersatz unterhalt sorgerecht kaution nebenkosten* nebenkostenabrechnung wallbox überzeuge "
    "handwritten_will notarised notarized permits hoa_says my_company_was sign_a_new non_compete bußgeld* einspruch_gegen gemobbt",
    // money
    "tax taxes taxed taxable taxation deduct deduction deductible deductions write_off capital_gains depreciation irs hmrc self_employed freelancer freelance 1099 w2 filing_jointly filing_separately "
    "mortgage mortgages refinance refinancing invest investing investment investments investor etf etfs index_fund index_funds portfolio stocks_or bonds pension 401k 403b ira roth isa superannuation "
    "annuity retire retirement retiring net_worth savings emergency_fund loan loans debt debts credit_card_debt interest_rate interest_rates fixed_rate variable_rate "
    "down_payment equity afford affordable cash_flow cashflow life_insurance disability_insurance estate_tax gift_tax stock_options rsu rsus vesting dividend dividends "
    "diversify asset_allocation crypto_losses net_income gross_income salary_sacrifice lease_or_buy buy_or_lease rent_or_buy buy_or_rent lump_sum overpay repay "
    "repaying steuer* steuern steuerklasse absetzen kredit hypothek anlegen altersvorsorge rente zinsen zinsbindung elterngeld finanzier* impôt* impots déclarer placement* "
    "impuesto* declaración hipoteca* invertir inversión prêt_immobilier "
    "pay_off_my payoff pay_the_loan savings_earn smarter_to_buy buy_or_rent rent_vs_buy retire_at saved_up pension_statement gift_money giving_my_son "
    "giving_my_daughter inheritance_tax property_tax rental_income declare_to airbnb_income side_income side_hustle write_it_off lending lend_my lend_him "
    "lend_her borrow_money bankruptcy_risk insurance_do insurances underinsured insurance_worth health_insurance private_insurance deductible_plan hsa fsa "
    "529 college_fund college_savings student_loan student_loans credit_score consolidate_my debt_snowball snowball avalanche_method budget_for_the "
    "household_budget cut_costs cut_our spending_too where_does_my_money stock_market market_crash recession hedge gold_or bitcoin_or crypto real_estate "
    "rental_property house_listed listed_at offer_on_a_house offer_on "
    "our_money buy_now_pay pay_later where_did_our last_quarter",
    // health
    "symptom symptoms diagnosis diagnosed medication medications medicine prescribed prescription dosage dose doses tablets antibiotic* antidepressant* ssri sertraline blood_pressure blood_test blood_sugar "
    "cholesterol thyroid tsh ferritin hba1c insulin diabetes diabetic migraine migraines asthma arthritis chest_pain back_pain stomach_pain abdominal pain painful hurts ache aching "
    "numb numbness tingling dizzy dizziness nausea vomiting fever rash swelling swollen lump bleeding palpitations shortness_of_breath faint fainted seizure stroke "
    "cancer tumor tumour biopsy mri ct_scan x_ray surgery pregnant pregnancy miscarriage trimester breastfeeding infant_fever side_effect side_effects interact interaction interactions "
    "taper withdrawal overdose contraindication* therapist therapy depression depressed anxiety panic_attack* adhd autism insomnia mental_health suicidal concussion "
    "infection infected inflamed chronic acute see_a_doctor go_to_the_er emergency_room is_it_serious should_i_worry be_worried ibuprofen_with together_with_my blood_thinner lab_results test_results ramipril "
    "bisoprolol metformin statin statins warfarin lisinopril beta_blocker schmerz* fieber ausschlag blutwerte* blutdruck medikament* nebenwirkung* symptome schwindel* "
    "douleur* fièvre médicament* symptôme* dolor* fiebre síntoma* medicamento* baja_médica "
    "headache headaches toothache earache stomachache sore_throat cough coughing wheezing itchy itching hives bruise bruises bruising swallowed choked "
    "bitten sprained broken_bone fracture limp limping exhausted_all fatigue always_tired weight_loss lost_weight gain_weight constipation diarrhea "
    "diarrhoea reflux heartburn acid_reflux uti period_pain periods menopause hormones hormone fertility contraception pill antihistamine* painkiller "
    "painkillers paracetamol acetaminophen aspirin opioid supplement supplements vitamin_d magnesium iron_levels iron_deficiency deficiency anaemia anemia "
    "lab_values blood_work bloodwork alt ast ggt ldl hdl psa crp creatinine egfr kidney kidneys liver heart_rate heartbeat irregular_heartbeat doctor "
    "physio physiotherapy prescription_for vaccine_schedule vaccinated allergic_reaction anaphyla* rabies tick_bite stitches wound eczema psoriasis acne "
    "mole moles vision blurry vertigo tinnitus sciatica herniated disc knee_pain my_knee shoulder_pain hip_pain joint_pain joints arm_feels leg_feels "
    "baby_wakes wakes_up_every sleep_apnea snoring toddler_wont_eat developmental speech_delay colic teething_fever kopfschmerzen bauchschmerzen impfung "
    "arzt mal_de_tête médecin cabeza_me médico "
    "lexapro zoloft prozac xanax adderall melatonin paracetamol amoxicillin prednisone omeprazole levothyroxine gabapentin tramadol codeine tylenol aspirin  "
    "naproxen cetirizine benadryl sertralin ozempic semaglutide parkinsons alzheimers shuffling hands_shake shaking trembling heart_racing waking_up  "
    "keep_waking numb_fingers kidney_disease the_vet vet_says kidneys cat_has dog_has limping while_on safe_to_take can_you_take can_i_take should_i_take  "
    "take_with kidney_stones gallbladder under_my_ribs",
    // compare
    "compare compares comparing comparison versus vs tradeoff tradeoffs trade_off trade_offs trade_offs pros_and_cons pros_cons advantages disadvantages better_or which_is_better which_one_is_better whats_better "
    "better_to is_it_better which_of_these which_of_the which_of_them which_offer best_offer cheaper_to is_it_cheaper cheaper_or more_economical worth_it worth_the is_it_worth worth_repairing worth_buying weigh "
    "weighing_up differences_between similarities contrast cost_benefit alternatives_to offers options_are between_these "
    "two_offers three_offers these_quotes two_quotes three_quotes vergleiche* vergleich vor_und_nachteile lohnt_sich was_ist_besser welches_angebot compare_les comparer avantages inconvénients comparar compara ventajas desventajas "
    "pros_or_cons gas_to_induction switching_from switch_from induction_or kindle paperwhite kobo iphone_or android_or mac_or electric_or_petrol hybrid_or "
    "heat_pump_or or_a_used new_or_used which_phone_should which_laptop_should for_someone_who camera_matters battery_matters suits_us suits_me "
    "better_for_us better_for_me best_value best_phone best_laptop best_washing_machine what_car which_insurance which_provider which_tariff which_bank "
    "mongo_or or_postgres or_mysql arguments_for_and for_and_against difference_in_approach",
    // digest
    "summarise summarize summary summaries summarising summarizing key_points main_points key_arguments main_arguments key_takeaways takeaways tldr tl_dr paper papers pdf document "
    "documents attached attachment uploaded transcript transcripts meeting_minutes minutes_below the_minutes article_below this_article the_article whole_thread this_thread email_thread long_email the_report "
    "this_report annual_report book_chapter this_chapter read_through go_through_the go_through_all synthesise synthesize synthesis condense abstract_of literature zusammenfass* fasse_zusammen fass_zusammen fasse zusammenfassung résume résumer "
    "résumé_du resume_el resumen resumir",
    // analysis
    "analyse analyze analysing analyzing analysis analytics trend trends forecast forecasting predict prediction dataset data_set spreadsheet correlation correlate correlated causation interpret interpretation "
    "interpreting evaluate evaluating evaluation assess assessing assessment estimate estimation sensitivity scenario scenarios outlier outliers anomaly anomalies breakdown_of insights figures "
    "hypothesis significant significance statistically sample_size metrics kpi kpis readings pattern patterns find_out_why find_out_what find_out_which explain_the_drop explain_the_rise overspend "
    "where_does_our_money where_our_money what_stands_out year_over_year simulate simulation what_if what_would_happen_if what_happens_if model_the benchmark analysiere* auswerten auswertung werte_aus analysez analiza analizar audit review_my review_our review_the critique "
    "critically feedback_on look_at_the look_at_my look_at_this take_a_look "
    "what_can_you_conclude conclude conclusions blood_pressure_diary diary find_patterns what_does_this_data data_shows draw_conclusions plot_the chart_of "
    "have_a_look_at whats_weak tell_me_whats weaknesses strengths_and swot_of evaluate_the estimate_how predict_how how_likely likelihood risk_of_lending "
    "cost_of_ownership total_cost roi payback_period payback",
    // long_text
    "essay essays eulogy speech speeches toast_for short_story story stories novel novella chapter sonnet haiku ballad limerick poem poems poetry lyrics verse screenplay dialogue monologue "
    "article blog blog_post blogpost newsletter press_release white_paper whitepaper report_on thesis dissertation term_paper research_paper literature_review cover_letter motivation_letter motivational_letter personal_statement statement_of_purpose "
    "resume cv bio_for my_bio linkedin business_plan proposal grant pitch pitch_deck presentation wedding_vows vows obituary 300_words 400_words 500_words 600_words 700_words 800_words 1000_words 1500_words 2000_words "
    "word_essay word_article word_story in_the_style_of metaphor* counterarguments persuasive argumentative iambic metre rhyme_scheme bedtime_story fairy_tale murder_mystery dungeon campaign worldbuilding plot_twist a_twist "
    "character_arc backstory compose invent aufsatz erörterung rede_für gedicht kurzgeschichte bewerbung* anschreiben trauerrede geschichte_über dissertation_sur lettre_de_motivation discours ensayo poema discurso cuento carta_de_presentación "
    "grant_application application_for a_toast toast write_a_poem write_a_story write_an_essay write_an_article write_a_speech write_a_song write_a_review "
    "write_a_report wedding_speech golden_wedding best_man_speech maid_of_honour retirement_speech funeral tribute love_letter product_description "
    "job_description job_ad website_copy about_page mission_statement newsletter_for script_for_a sketch_for a_play a_scene scene_in words_on words_about "
    "paragraphs_on paragraphs_about two_page three_page one_page_summary my_essay essay_is rough_notes my_notes_into reply_to_this_review review_of_my "
    "without_grovelling a_moral with_a_moral minutes_long two_minutes four_minutes five_minute_speech",
    // letter
    "a_letter letter_to letters formal_letter complaint complaints complain a_complaint letter_of resignation resign appeal an_appeal objection dispute reply_to respond_to how_do_i_reply how_should_i_reply how_should_i_respond how_do_i_respond help_me_reply "
    "help_me_word help_me_write help_me_respond help_me_phrase word_the word_this_email draft drafting draft_a draft_an draft_me polite_but_firm polite_but firm_but diplomatic diplomatically tactful tactfully professional_email an_email_to write_an_email "
    "write_a_letter email_to_my write_to_my_boss to_my_boss tell_my_boss tell_my_manager apology apologise apologize apologizing condolence condolences recommendation_letter reference_letter testimonial break_up "
    "breaking_the_news difficult_conversation hard_conversation how_do_i_tell how_to_tell how_should_i_tell turn_down decline_the decline_an without_offending without_sounding "
    "without_burning formuliere* entwirf verfasse* brief_an einen_brief beschwerde* beschwer* rédige* lettre lettre_de écris_une_lettre redacta* carta reclamación escribe_una_carta "
    "resignation_letter keeps_the_door word_this how_do_i_word ask_my_boss ask_my_flatmate ask_my_landlord how_do_i_ask how_to_ask how_do_i_say_no "
    "say_no_to break_it_to tell_my_best tell_my_parents tell_my_kids tell_him_that tell_her_that picked_someone_else reject_a rejection_email "
    "follow_up_email cold_email negotiation_email email_declining declining objection_letter dispute_letter complaint_email letter_before statement_to "
    "reference_for thank_you_speech write_to_the write_to_my respond_to_this answer_this_email reply_to_my "
    "draft_something to_the_council without_blaming fire_someone dating_profile "
    "farewell_email farewell condolence_card message_to_my_landlord email_to_my_colleagues asking_for_a absage help_with_a_message",
    // architecture
    "architecture architect scalable scalability scale_to microservice* monolith distributed load_balanc* high_availability failover replication sharding partitioning event_sourcing event_driven cqrs message_queue "
    "rate_limiter rate_limiting data_model database_schema a_schema class_hierarchy design_a design_an design_the design_me system_design designing how_would_you_design how_should_i_design how_should_i_structure best_way_to_structure "
    "how_would_you_structure how_to_structure best_approach best_architecture tech_stack which_stack self_host* self_hosted home_network multi_tenant backwards_compatible migrate_from migrate_to migrating migrate "
    "data_centre* data_center* consistency eventual_consistency idempoten* throughput latency bottleneck* disaster_recovery backup_strategy zero_downtime blue_green design_pattern* dependency_injection "
    "best_practice* threat_model* security_model permission_model access_control entwirf_eine architektur conception_de diseña arquitectura "
    "loyalty_scheme design_me a_system_for system_that sync_files sync_between three_computers from_200_devices sensor_readings time_series ingest "
    "data_pipeline etl event_bus pub_sub webhooks_or polling_or queue_or under_10_minutes reduce_build_time ci_take ci_takes pipeline_takes observability "
    "monitoring_setup alerting_setup logging_setup api_design versioning_strategy auth_flow single_sign sso encryption_at_rest key_rotation backup_plan "
    "3_2_1 network_layout mesh_or",
    // judgement
    "should_i should_we should_my should_he should_she shall_we_buy do_i_tell do_we_tell what_should_i_do what_should_we_do what_would_you_do what_do_you_advise what_do_you_recommend would_you_recommend do_you_recommend advice advise advisable dilemma "
    "decide_between deciding how_to_decide decide_whether decide_if the_decision a_decision undecided torn_between cant_decide help_me_decide help_me_choose help_me_think help_me_figure help_me_understand help_me_work good_idea bad_idea right_thing wise wiser "
    "make_sense_to does_it_make_sense am_i_wrong am_i_being was_i_too was_i_wrong is_it_wrong is_it_fair is_it_okay_to is_it_ok_to unfair ethical ethics moral morally what_do_you_make_of how_do_i_deal how_to_deal "
    "how_do_i_handle how_should_i_handle how_should_we how_should_i how_can_we_get how_do_we_get how_do_i_get_my how_can_i_get_my how_do_i_convince i_dont_know_what_to i_dont_know_how_to i_dont_know_whether i_dont_know_if not_sure_if not_sure_whether im_not_sure "
    "unsure wondering_whether wondering_if im_thinking_of im_thinking_about we_are_thinking were_thinking considering_whether what_am_i_missing what_could_go_wrong what_are_the_risks risks risk is_it_safe_to is_it_a_good "
    "is_now_a_good is_now_the is_it_time_to is_it_too_late is_it_viable viable feasible realistic worth_keeping what_strategy push_back opinion_on_whether sollte_ich sollten_wir soll_ich "
    "sollen_wir was_soll_ich was_sollen_wir wir_überlegen ich_überlege was_rätst rat_geben was_müssen_wir_bedenken devrais_je devrais dois_je que_faire debería deberíamos qué_debo conviene "
    "what_now what_do_i_do what_do_we_do what_are_my_options what_are_our_options options_do_i what_can_i_do what_can_we_do where_do_i_begin "
    "where_do_i_start where_to_start where_do_we_start how_do_i_get_started what_should_i_consider what_should_i_say what_do_i_say what_would_you_say "
    "should_i_say confront_her is_it_smart is_it_smarter smarter_to on_track are_we_on_track thinking_about_whether before_adopting before_buying "
    "before_i_buy before_we_buy before_signing before_i_sign which_phone which_laptop which_car which_one_should which_should how_do_you_decide how_low_can "
    "how_high_should how_far_can_i go_about how_would_you would_it_be_better would_it_be_wise what_if_she what_if_he what_if_they what_if_i what_if_we "
    "if_she_refuses if_he_refuses refuses_to_sign help_me_get_ready get_ready_for help_me_prepare cant_make_up my_mind second_thoughts regret reconsider "
    "get_a_second get_another_dog get_a_dog "
    "a_mistake_to is_it_a_mistake what_makes_a would_you_take would_you_rather_have does_it_make_sense_to how_would_that would_that_change and_if_we  "
    "if_we_had how_should how_do_couples what_is_a_fair fair_price fair_split whats_fair watch_out_for which_one_counts actually_legal need_to_think_of  "
    "mistake "
    "is_it_normal is_this_normal is_it_ok debo quiero_saber conviene_más at_what_point when_should_i when_should_we do_we_step step_in what_to_look_out  "
    "look_out_for torn_between the_right_choice best_choice which_is_better_for what_are_the_steps steps_to_take how_do_i_set_up how_do_we_set  "
    "how_would_you_open what_would_you_open how_should_they how_could_they what_order_should fair_way sensible think_i_should how_would_we "
    "aide_moi_à hilf_mir ayúdame help_with "
    "the_catch the_point_of downside downsides drawback drawbacks the_risk the_danger whats_the_deal_with too_good_to trustworthy how_do_i_react  "
    "how_should_i_react easiest_thing_to_cut overrated how_come_i is_this_a_scam",
    // negotiation
    "negotiate negotiating negotiation negotiations haggle counteroffer counter_offer lowball bargain bargaining leverage_in raise_request ask_for_a_raise salary higher_salary pay_rise "
    "job_offer convince persuade persuading roleplay role_play mock_interview play_devils devils_advocate debate_me mediate mediation compromise come_down_from asking_price settle settlement verhandeln verhandlung gehalts* négocier "
    "négociation negociar interview_questions prepare_me_for prepare_for_my job_interview "
    "seller_asks would_you_open recruiter salary_question aide_moi entretien",
    // depth
    "explain explaining explain_why explain_how explanation explanations in_detail in_depth indepth thoroughly thorough detailed step_by_step walk_me_through deep_dive deeper from_first_principles intuition intuitively "
    "mechanism mechanisms how_does how_do_we_know why_did why_does_the why_do_we why_are_there why_is_there causes causes_of caused_the implications implication consequences effects_of impact_of impact influence_of "
    "significance_of role_of argument arguments argue theory theories theoretical philosophy philosophical philosopher historians historical historically interpretation_of economics economic economy keynesian inflation "
    "geopolit* politics political quantum relativity thermodynamics entropy_in evolution evolutionary neural_network* machine_learning transformer transformers gradient backpropagation attention_mechanism cryptograph* encryption "
    "consciousness free_will existential* utilitarian* kant nietzsche epistemolog* metaphysic* mrna genetics crispr photosynthesis_in immune_system climate_change monetary_policy fiscal capitalism "
    "socialism colonialism revolution empire_fall roman_republic misconception* nuance nuanced evidence explique* expliquer erkläre* erläutere* erklär* unterschied_zwischen différence_entre explica* explícame diferencia_entre auswirkung* ursachen "
    "critique_of how_accurate as_if_i as_if_to_a teach_me help_me_learn tutor compare_and what_led_to how_come_the "
    "how_did how_do_vaccines how_does_a why_do why_does why_are why_is_it why_was why_were what_would_happen what_caused what_drove rise_and_fall decline "
    "decline_of collapse_of origins_of origin_of history_of legacy_of ottoman byzantine roman medieval enlightenment renaissance cold_war world_war "
    "civil_war reformation industrial_revolution gulf_stream plate_tectonics black_hole black_holes big_bang string_theory relativity general_relativity "
    "special_relativity superconduct* semiconductor* nuclear fusion fission dna_replication protein_folding antibiotic_resistance microbiome placebo "
    "neuroplasticity psychology cognitive bias biases behavioural_economics game_theory_of supply_and_demand interest_rates_affect unemployment "
    "central_bank central_banks blockchain consensus_mechanism zero_knowledge public_key compilers_work garbage_collection_work operating_system_schedul* "
    "heat_pump_actually actually_work really_work work_under_the_hood under_the_hood so_that_my_10 to_a_child to_a_10 kants mills hegel marx plato "
    "aristotle stoic stoicism buddhism theology religion_and democracy democracy_in political_system electoral constitution ideology feminism postmodern* "
    "symbolism themes_of theme_of character_analysis literary poem_mean what_does_the_author interpret_the nuclear_power arguments_for arguments_against "
    "understand_my understand_the "
    "why_couldnt why_didnt why_do_people why_did_the why_cant why_arent why_isnt ending_of the_ending what_makes_a_good in_some_depth how_a_bill  "
    "becomes_law objections_to contrast stronger_argument argument_stronger that_argument weimar "
    "differ_from how_does_that_work chemically physically biologically ethically ethical_problems commercially reasoning_in double_check chose_that  "
    "choose_that alternative the_alternative over_the_alternative",
    // many_facts
    "based_on_what based_on_everything based_on_our based_on_my everything_i everything_you_know everything_i_told everything_i_said all_the_things_i all_my_notes all_our going_through looking_back over_the_last over_the_past over_the_years last_three_months last_two_months last_six_months since_spring "
    "since_january has_changed how_has_my how_have_my which_of_my who_of_my what_pattern in_common conflict_with contradict contradicts contradicting contradiction_between consistent_with before_or_after still_open open_questions across_all put_together_everything piece_together connect_the_dots "
    "taking_everything considering_what_i given_what_i given_what_you from_what_i_told from_what_ive_told of_all_the_people who_among how_often_did_i how_many_times_did_i what_do_you_know_about_me most_often all_conversations nach_allem basierend_auf anhand_dessen d'après_ce según_lo_que "
    "from_what_ive who_of_the of_the_people people_i_mentioned  recipes_i_tried of_all_the this_year_which which_ones_did ive_told_you "
    "that_ive_told youve_learned_about what_have_i_told when_i_get_migraines connect_what compare_what_i timeline_of_what "
    "fit_with_what from_our_chats what_stresses promises_i_made what_i_said_in did_what_i_told "
    "looking_at_my keep_getting keeps_getting_postponed given_everything across_my my_notes_which did_i_promise in_what_order_should everything_i_eat "
    "anything_changed changed_since who_was_against who_was_for what_came_of",
    // research
    "research investigate investigation find_out_whether find_me_the_best find_the_best best_options recommend_one recommend_the recommendations studies study_on evidence_on current_evidence scientific peer_reviewed sources citations cite references fact_check verify_whether is_it_true_that state_of_the_art market_research "
    "shortlist subsid* which_are_the_best recherchiere* recherche_approfondie investiga* studien",
    // puzzle
    "puzzle puzzles riddle riddles brain_teaser brainteaser logic_puzzle logical logically deduce deduction weighings fake_coin knights_and_knaves liar truth_teller if_all if_some necessarily sudoku chess "
    "river_crossing who_owns fallacy valid_argument syllogism escape_room monty_hall paradox rätsel énigme acertijo how_can_they_all winning_strategy optimal_strategy optimal game_theory "
    "light_switches one_trip how_do_you_find_the right_one logically_valid is_this_valid some_pets some_are all_are no_cats hats prisoners truth_tellers "
    "wolf_goat missing_dollar how_is_this_possible what_comes_next next_in_the_sequence next_number magic_square crossword cryptic_clue widgets "
    "one_torch cross_a_bridge digit_number digits_sum "
    "measure_4 litre_jug jug lies both_lie tells_the_truth who_is_lying",
    // business
    "business startup start_up small_business company_plan marketing strategy strategies strategic revenue customers customer competitor* competitive pricing price_point profit profitability margin margins break_even "
    "stakeholder* go_to_market market swot okr okrs root_cause reorganisation restructure restructuring hiring onboarding performance_review underperform* teammate team_misses  our_team retrospective franchise supplier* "
    "logistics supply_chain crowdfunding fundraising nonprofit grow_my grow_our attract social_media_plan content_plan brand branding geschäftsidee geschäftsmodell marketingplan estrategia estratégie stratégie negocio "
    "coffee_shop_that cafe_reviews my_cafe my_shop my_company my_startup my_clients client_refuses freelancing_rate hourly_rate set_my_prices price_my "
    "pricing_for sponsorship sports_club_grant elevator_pitch investors",
    // feelings
    "argument_with fight_with fighting_with relationship marriage cheating my_ex broke_up breakup boundaries_with toxic grief grieving  overwhelmed burnout burned_out burnt_out stressed_out hopeless resent resentment jealous guilt guilty ashamed "
    "estranged betray* trust_him trust_her coming_out addicted addiction alcoholic bullied bullying bully tantrum* meltdown* behaviour_problem dementia caregiver care_home nursing_home cant_live_alone refuses_help refuses passed_away dying died "
    "in_laws mother_in_law father_in_law stepson stepdaughter adopt adoption parenting discipline without_shouting screen_time "
    "i_feel_like i_feel  feels_like my_friends_only only_when_they ignored ignoring ignores me_anymore left_out excluded taken_for_granted "
    "disrespect* passed_me_over passed_over promotion confront argue_with arguing argued upset angry furious resentful disappointed heartbroken miss_him "
    "miss_her insecure self_esteem confidence motivation_to unmotivated procrastinat* stuck_in_life midlife crisis purpose_in lost_my_job laid_off layoffs "
    "jealousy trust_issues mother_and_i father_and_i my_brother_and my_sister_and sibling siblings rivalry falling_out fell_out reconcile forgive "
    "forgiveness cheated cheating_on affair long_distance in_love dating first_date ghosted rejected_me difficult_talk talk_with_my talk_to_my_teen teenage "
    "teenager teen vaping drinking_too bully_at picked_on refuses_to wont_talk wont_listen wont_do tantrum lying_to lies_to secretly without_it_becoming "
    "a_row fairness feels_cheated nobody_feels we_keep_fighting keeps_fighting everyone_is_happy keep_the_peace awkward embarrassing embarrassed ashamed_of "
    "shy social_anxiety introvert roommate flatmate housemate einsam überfordert streit trennung trauer "
    "so_lonely feel_lonely feeling_lonely feeling_low feeling_down lost_her lost_his support_a_friend bite bites biting_visitors give_him_away  "
    "keeps_criticising criticising criticizing criticize credit_for_my bring_it_up the_asshole aita not_inviting wont_say_anything cant_agree agree_on  "
    "couples settle_this only_sleeps_on newborn weeks_old stop_crying sleep_training potty_training racing_heart stresses_me",
    // deliberate
    "think_carefully think_through think_about_how carefully precisely comprehensive comprehensively elaborate systematically thought_through justify justification reasoning reason_about rationale convince_me argue_for argue_against both_sides "
    "perspectives perspective viewpoint critical_thinking edge_cases edge_case pitfalls considerations what_to_consider what_should_i_consider things_to_consider what_factors factors criteria framework_for in_order_to taking_account keep_the_metre "
    "without_losing devise formulate develop_a outline outlining brainstorm concept_for from_scratch propose suggest_a_strategy improve_my improve_our optimise optimize optimal_way  most_efficient efficiently  "
    "recommend_a recommend_me can_you_recommend",
    // greeting
    "hi hello hey heya hiya yo howdy good_morning good_afternoon good_evening good_night goodnight greetings sup whats_up moin servus hallo guten_morgen guten_abend guten_tag gute_nacht grüß tschüss ciao bonjour bonsoir salut hola buenos_días "
    "buenas_tardes buenas_noches buenos_dias adiós adios bye goodbye see_you see_ya cya later talk_later talk_tomorrow talk_to_you_later take_care welcome_back im_back im_home happy_birthday happy_new_year merry_christmas happy_friday happy_easter long_time_no_see you_there anyone_there "
    "evening_all morning_all oi alright_mate whats_up what_up",
    // thanks
    "thanks thank thankyou thx ty tysm cheers danke dankeschön vielen_dank merci gracias grazie obrigado perfect awesome great brilliant lovely nice cool wonderful excellent amazing super fantastic helpful good_job well_done that_worked that_helped appreciate_it much_appreciated you_rock "
    "youre_the_best love_it haha hahaha lol lmao rofl hehe wow yay "
    "ta grand kindly obliged much_obliged exactly_what_i bravo legend spot_on",
    // yes_no
    "yes yeah yep yup no nope nah ok okay okey k sure fine alright right correct exactly agreed maybe perhaps never_mind nevermind nvm go_ahead sounds_good got_it understood i_see fair_enough please_do do_it leave_it forget_it stop thats_all thats_it that_is_all done ja nein doch genau passt "
    "oui non sí si vale claro hm hmm hmmm oh ah aha please pls plz the_first_one the_second_one the_last_one both neither same whatever all_good no_worries no_problem",
    // reminder
    "remind reminder reminders timer timers alarm alarms wake_me wake_up snooze countdown calendar appointment appointments my_schedule schedule_a put_it_in_my event_on what_do_i_have_today whats_on_today whats_on_my erinner* erinnere wecker weck termin termine kalender rappelle* rappel minuteur recuérda* recuerdame "
    "recordatorio despiértame agenda meeting_at dentist_at dentist_on at_7am at_8am at_9am every_morning every_evening every_monday every_sunday "
    "in_20_mins in_10_minutes in_an_hour ping_me nudge_me alarm_please be_up_at haircut this_afternoon ring_the what_have_i_got_on "
    "nudge_me",
    // list
    "shopping_list grocery_list groceries to_do todo to_dos todos to_do_list add_to_my add_to_the add_milk my_list  on_my_list to_the_list off_the_list einkaufsliste einkaufszettel aufgabenliste liste_de_courses lista_de_la_compra lista_de_compras mark_as_done mark_as tick_off cross_off check_off "
    "my_notes last_note note_down make_a_note take_a_note new_note jot_down write_down write_that_down save_this save_that book_list wish_list wishlist watchlist packing_list  add_another   clear_the  "
    "were_out_of we_are_out_of out_of_milk out_of_butter ran_out_of from_the_shop need_from_the bin_bags bullet_list into_a_list",
    // weather
    "weather forecast_for rain raining rainy snow snowing snowy sunny sunset sunrise umbrella temperature_outside temperature_tomorrow degrees_outside windy wind_speed humid humidity uv_index pollen storm_coming thunderstorm how_cold how_hot how_warm hot_today cold_today wetter regnet regen schneit sonnenuntergang "
    "regenschirm météo meteo pleut pleuvoir temps_fait tiempo_hace llover llueve va_a_llover need_a_jacket need_a_coat air_quality",
    // device
    "turn_on turn_off turn_the turn_it switch_on switch_off lights  lamp lamps bulb dim brighten thermostat heating_up heating_on heating_off heating_down ac_on ac_off play pause resume_music skip next_song previous_song volume louder quieter mute unmute playlist spotify song music radio tv "
    "television lock unlock front_door garage_door garage open_the_blinds close_the_blinds blinds curtains shutters vacuum robot_vacuum hoover dishwasher_on camera doorbell is_the_door is_the_oven set_the fan_on nursery living_room bedroom_light kitchen_light anmachen ausmachen anschalten ausschalten licht "
    "lampe heizung_auf mach_das schalte rolladen rollladen jalousie lauter leiser allume éteins enciende apaga luz luces sube_el_volumen broadcast announce "
    "lights_off lights_on warm_white telly turn_up turn_down warmer_in cooler_in make_it_warmer make_it_cooler back_door garage radiator_in the_beatles "
    "a_light the_light reading_light bedside_light fan_off fan_on alarm_armed",
    // unit
    "convert conversion celsius fahrenheit kelvin miles mile kilometers kilometres km feet foot inches inch cm centimeters metres meters yards pounds lbs lb kg kilos kilograms ounces ounce oz grams gram stone litres liters litre liter ml gallons gallon pints cups cup tablespoon tablespoons tbsp teaspoon teaspoons tsp usd eur gbp "
    "in_dollars in_euros in_pounds in_yen euros_in dollars_in exchange_rate acres hectares square_feet how_many_days how_many_weeks how_many_hours days_until weeks_until days_left days_between what_day_of what_day_is what_date whats_the_date what_time what_time_is_it time_in time_zone timezone plus minus times "
    "divided_by squared square_root_of percent_of tip_on half_of what_is_15 what_is_20 umrechnen umluft wie_viel_ist wieviel_ist prozent_von combien_font cuánto_es cuantos_son in_binary in_hex in_decimal roman_numerals "
    "squared cubed prime_number_is dozen fraction_of todays_date",
    // quick_question
    "what_is_the whats_the what_are_the what_was_the what_were_the who_is who_was whos who_wrote who_invented who_painted who_discovered who_won who_sang who_plays who_played who_directed who_made who_are who_composed who_founded when_is when_was when_did when_does whens when_do when_are where_is where_was "
    "wheres where_are where_do where_can_i where_did which_country which_city which_planet which_year which_day which_is_the what_year what_month what_country what_color what_colour what_language what_currency what_kind_of what_type_of  what_do_you_call what_temperature what_size what_number what_animal how_many "
    "how_much how_old how_tall how_far how_big how_long how_high how_deep how_heavy how_fast how_often how_late is_a is_an is_the  are_the  do_cats do_dogs does_a does_the can_dogs can_cats can_i_eat can_you_eat name_three name_a name_the name_five name_two capital_of population_of author_of president_of "
    "height_of distance_from largest longest highest tallest biggest smallest fastest oldest deepest richest national_dish national_anthem stand_for stands_for chemical_symbol atomic_number boiling_point melting_point wie_viele wieviele wie_hoch wie_alt wie_heißt wie_groß wie_weit wer_ist wer_war wer_hat wann_ist wann_war wann_wurde "
    "wo_ist wo_liegt was_ist quelle_est quel_est qui_est qui_a quand_est combien_de où_est cuál_es cual_es quién_es cuántos cuántas dónde_está qué_es cuándo_es capital calories protein_in why_is_the_sky why_is_the why_do_cats why_do_dogs why_are_the why_do_onions whats_a what_is_a what_is_an whats_an what_is  "
    "what_does_the what_does_it what_is_there is_there_a are_there_any how_come does_it is_it "
    "same_as_the the_same_as gluten_free vegan_or how_much_is_a stamp_for_a_letter how_to_comment difference_between_http",
    // word_help
    "spell spelled spelling_of spelt pronounce pronunciation pronounced synonym synonyms antonym antonyms opposite_of plural_of past_tense meaning_of mean_in word_for another_word rhyme_for rhymes rhymes_with definition_of define what_does_mean abbreviation acronym affect_or_effect capitalise capitalize "
    "hyphen_or comma_before conjugate gender_of bedeutet schreibt_man buchstabier* synonyme signifie significa cómo_se_escribe alphabetical alphabetically sort_these anagram  idiom "
    "what_does mean_by whats_the_meaning meaning",
    // text_fix
    "typo typos fix_the_typos correct_the_spelling correct_my correct_this spelling spell_check spellcheck proofread proof_read grammar grammar_check punctuation fix_the_grammar check_the_grammar shorten_this make_this_shorter make_it_shorter make_this_sound make_it_sound make_this_a_bit make_this_more_polite friendlier more_formal less_formal rephrase reword "
    "rephrase_this to_one_sentence in_one_sentence bullet_points turn_this_into_bullet korrigier* rechtschreib* tippfehler corrige* corriger ortografía clean_up_this tidy_up_this uppercase lowercase title_case remove_the_line",
    // translate
    "translate translation translated übersetz* traduis traduire traduce traducir how_do_you_say how_do_i_say how_to_say whats_the_word_for in_french in_german in_spanish in_italian in_english in_portuguese in_dutch in_japanese in_polish in_turkish in_chinese in_swedish in_russian in_latin in_greek to_french to_german to_spanish to_italian to_english to_japanese to_portuguese to_dutch to_polish "
    "into_french into_german into_spanish into_english into_italian french_for german_for spanish_for italian_for japanese_for auf_deutsch auf_englisch auf_französisch auf_spanisch auf_italienisch was_heißt wie_sagt_man en_français en_anglais en_allemand en_espagnol comment_dit_on comment_dit en_inglés en_francés en_alemán cómo_se_dice como_se_dice "
    "how_would_you_say how_would_i_say in_danish in_korean to_korean in_czech in_finnish in_norwegian in_hungarian in_arabic in_hindi in_sign_language  "
    "to_chinese to_russian to_arabic",
    // told
    "remember_that remember_my remember_this note_that keep_in_mind_that fyi for_your_information btw by_the_way for_the_record just_so_you_know just_letting_you_know heads_up my_name_is call_me my_number_is my_new_number my_phone_number my_address_is my_birthday_is birthday_is anniversary_is i_parked i_put_the i_left_the i_prefer  "
    "  im_vegetarian im_vegan im_allergic allergic_to is_allergic the_password_is the_code_is the_wifi_is we_moved we_bought i_bought   merk_dir merke_dir übrigens ich_bin ich_habe_ein souviens_toi note_que recuerda_que me_llamo je_suis je_m'appelle name_is starts_at comes_on is_coming_on spare_key "
    "dont_forget_that teacher_is this_year_is started_a_new_job doesnt_eat doesnt_like eats_no works_at lives_at lives_in membership_number license_plate "
    "licence_plate "
    "is_coming_over coming_over keep_that_in_mind",
    // recall
    "did_i_say did_i_tell did_i_mention do_you_remember you_remember what_did_i what_did_we what_did_you when_did_i where_did_i who_did_i did_i_ever whats_my what_is_my when_is_my wheres_my where_is_my what_was_my what_was_that what_was_the_name i_told_you remind_me_what remind_me_who remind_me_where last_time_i again_what the_name_of_the hab_ich_gesagt hab_ich "
    "was_hatte_ich weißt_du_noch t_ai_dit tu_te_souviens te_dije recuerdas my_birthday my_locker my_shoe_size my_wifi my_password have_i when_was_the_last_time what_time_did_i what_have_i what_day_did_i did_we "
    "i_told_you_yesterday dads my_blood_type did_i_put i_put_the whats_dads whats_mums when_did_we "
    "i_mentioned i_mentioned_it did_grandma recommended_that who_recommended",
    // chat
    "joke jokes bored boring how_are_you how_r_u hows_it_going how_was_your how_is_your how_do_you_feel are_you_a are_you_ok do_you_sleep do_you_dream do_you_like do_you_have_feelings favourite favorite funny tired hungry sleepy exhausted fun_fact tell_me_something tell_me_a guess_what sing cute adorable yummy delicious "
    "mondays monday_again weekend coffee_helps just_wanted rough_day long_day good_day bad_day nice_day lovely_day my_day today_was had_a_great had_a_lovely we_went i_went just_got_home just_got_back so_happy so_excited excited so_tired cant_wait finally we_had laughing laughed ice_cream ugh omg witz chiste blague müde comment_vas ça_va ca_va comment_ca_va cómo_estás que_tal qué_tal wie_gehts "
    "wie_geht_es was_machst_du i_miss what_are_you_up what_are_you_doing good_movie good_film good_book good_podcast podcast_for movie_for pizza_or tea_or cats_or or_cats sounds_nicer nickname compliment cheer_me_up make_me_laugh knock_knock pun trivia "
    "you_wont_believe believe_it glass_of_wine bliss say_something are_you_smarter siri alexa talk_like pirate glad im_glad so_proud proud_of "
    "the_kids_are_asleep "
    "what_should_i_watch what_should_i_eat what_should_i_cook what_should_i_wear what_should_i_have what_should_i_make what_should_i_drink  "
    "what_should_i_read what_should_we_watch what_should_we_eat what_should_we_have feeling_good feeling_great feeling_pretty_good feeling_fine  "
    "do_you_get_lonely cats_and_dogs we_won my_team_won team_won board_game something_light something_interesting",
    // house
    "recipe boil boiled bake baked baking roast roasted fry fried poach poached steam cook cooked cooking oven microwave fridge freezer freeze frozen thaw defrost reheat leftovers egg  chicken rice pasta potato potatoes onions garlic butter buttermilk flour sugar salt yeast dough cake pancakes pancake soup salad sauce spinach "
    "bread toast stain stains wash washing laundry towels shirt bleach   descale limescale vinegar baking_soda dishwasher_tablets kettle  mop iron_a water_the water_a houseplant houseplants  plants lily basil fertilise fertilize compost shelf_life keep_in_the expire expired backen kochen rezept waschen putzen flecken recette cuire receta cocinar substitute "
    "instead_of_buttermilk instead_of_eggs vacuum_bag lightbulb_type unclog dinner lunch breakfast snack dessert ripe ripen avocado banana steak medium_rare defrosted slow_cooker air_fryer "
    "plant_pot dusting clean_the clean_a clean_my get_wax wax_off stain_out get_stains off_a_tablecloth tablecloth store_fresh how_do_i_store strawberries "
    "dessert goes_with wine_goes lentils foil "
    "how_long_should_i how_often_should_i how_much_should_i steep green_tea tea coffee how_many_times_should_i fold fruit_flies fitted_sheet what_setting  "
    "dryer "
    "chewing_gum what_do_i_do_quick boiling_over out_of_hair",
    // errand
    "opening_hours open_on open_today closes_at what_time_does stock_price share_price bitcoin headlines the_news todays_news news_today send_a_message send_a_text text_my message_my call_my send_lena next_bus next_train next_tram bus_to train_to phone_number_of track_my parcel package_arrive delivery new_mail any_new_mail any_emails unread check_my_mail check_my_email "
    "look_up google search_the_web search_for open_the_file list_the_files list_files show_me_the_files directions_to nearest traffic score_of the_score who_won_the match_today game_tonight book_a_table order_a order_me whats_playing whats_on_tv near_me nearby wann_fährt öffnungszeiten wann_öffnet nachrichten horaires heures_d'ouverture a_qué_hora horario read_me show_me weather_in battery screenshot "
    "dark_mode how_do_i_exit command_to command_for shortcut shortcut_for keyboard_shortcut file_extension what_port default_port flag_of restart_my reset_my_password "
    "call_me_a taxi call_a text_priya who_won_the did_anyone any_messages any_post how_do_i_check which_version unlock_my paste_without half_seven close_on "
    "closing_time "
    "recommend_me_a_light",
    // about_hob
    "what_can_you_do what_do_you_do who_are_you whats_your what_is_your your_name who_made_you who_built_you are_you_human are_you_real are_you_an_ai which_model what_model how_do_you_work what_are_you can_you_hear can_you_see can_you_read can_you_speak do_you_speak do_you_know_my change_my_name call_yourself forget_what forget_that forget_about speak_german speak_english "
    "wer_bist_du was_kannst_du wie_heißt_du qui_es_tu tu_peux quién_eres qué_puedes spend_on_you do_you_store",
    // chance
    "flip_a_coin toss_a_coin coin_flip roll_a roll_two roll_the heads_or_tails pick_a_number random_number pick_one pick_a choose_a_number rock_paper_scissors magic_8 würfel münze pile_ou_face cara_o_cruz dice random",
    // follow_up
    "and_the what_about how_about another_one one_more again say_that_again shorter longer more_please continue go_on next and_in and_for and_what and_who and_when which_one make_it make_that change_it change_that instead same_for also_the the_other_one und_auf und_was und_wann und_morgen et_en et_demain y_en y_mañana noch_einmal nochmal encore otra_vez",
    // small_request
    "short_birthday birthday_wish birthday_message birthday_card one_line one_liner short_text short_message quick_message thank_you_text thank_you_note get_well name_for a_name_for caption for_instagram gift_tag emoji emojis give_me_a suggest_a_name ideas_for_a_quick quick_dinner quick_lunch quick_recipe give_me_5 give_me_three give_me_five three_ideas something_nice a_quick quick_question "
    "anniversary_message birthday_text thank_you_message one_line_excuse excuse_for message_for_my",
};

const std::string_view kPlainWords =
    "a an the i you he she it we they me him her us them my your his its our their mine yours this that these those and or but if then so as of at by for from in into on onto to with about over under up down out off "
    "is are was were be been being am do does did doing done have has had having can could will would shall should may might must im ive ill id youre youve youll hes shes its were theyre isnt arent wasnt dont doesnt didnt cant couldnt wont wouldnt "
    "what whats which who whom whose when where why how not no yes there here all any some many much more most less few other another each every both one two three four five six seven eight nine ten first second last next new old good bad big small "
    "just only very too really quite also even still already again now then today tomorrow yesterday tonight week month year day days hour minute time morning evening get got go going went come came make made take took give gave know think see want need use "
    "like say said tell told ask please thing things something anything nothing someone people man woman mum mom dad wife husband son daughter kids child friend house home work school car dog cat "
    "der die das ein eine einen einem und oder aber ich du er sie es wir ihr ist sind war bin hat habe haben mir mich dir dich mein meine dein nicht kein keine mit von zu zum zur auf für im in am an was wer wie wo wann warum heute morgen "
    "le la les un une des du de et ou mais je tu il elle nous vous est suis sont dans pour avec mon ma mes ton ta pas que qui quoi où quand comment el los las una unos y o pero yo tú él ella es son está en para con mi tu no qué quién cómo cuándo";

}  // namespace hobd::routing
